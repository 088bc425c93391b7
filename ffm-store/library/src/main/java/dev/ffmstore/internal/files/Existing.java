package dev.ffmstore.internal.files;

/// What happens to a target that is there already.
public enum Existing {
    /// It stays, and nothing is written.
    KEEP,
    /// It is replaced, once what replaces it is complete.
    REPLACE
}
