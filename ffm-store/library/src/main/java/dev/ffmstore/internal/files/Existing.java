package dev.ffmstore.internal.files;

/// What happens to a target that exists already.
public enum Existing {
    /// The target stays, and nothing is written.
    KEEP,
    /// The target is replaced, once what replaces it is complete.
    REPLACE
}
