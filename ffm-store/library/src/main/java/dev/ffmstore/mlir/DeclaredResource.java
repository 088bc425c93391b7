package dev.ffmstore.mlir;

import java.util.Optional;

/// A use of a resource in a module.
///
/// @param key the name of the resource
/// @param type the type of the tensor there, if the module states it
/// @param offset where the use is in the file, in bytes from its start
record DeclaredResource(String key, Optional<TensorType> type, long offset) {}
