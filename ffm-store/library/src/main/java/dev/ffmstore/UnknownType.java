package dev.ffmstore;

import dev.ffmstore.ggml.StoredType;
import dev.ffmstore.internal.text.Printable;

/// A type of elements that a file names and this library does not know. Only reading such a tensor is an error; it
/// can be listed, and left out. Immutable.
///
/// @param name the name as it is in the file, not safe to print
public record UnknownType(String name) implements StoredType {
    /// {@return 1: how many elements are stored together is not known}
    @Override
    public int blockLength() {
        return 1;
    }

    /// {@return 0: the size of an element is not known}
    @Override
    public int blockBytes() {
        return 0;
    }

    /// {@return the name, safe to print}
    @Override
    public String toString() {
        return Printable.escape(name, 100);
    }
}
