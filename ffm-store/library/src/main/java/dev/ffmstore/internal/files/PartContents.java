package dev.ffmstore.internal.files;

/// The contents that the whole target of parts will have.
///
/// @param size the size in bytes
/// @param fingerprint hexadecimal digits that differ for any other contents
public record PartContents(long size, String fingerprint) {}
