package dev.ffmstore.mlir;

import java.util.Optional;

/// A place of a module that uses a resource.
///
/// @param key the resource's name
/// @param type the type of the tensor that it is there, if the module tells
/// @param offset where in the file, in bytes from its start
public record DeclaredResource(String key, Optional<TensorType> type, long offset) {}
