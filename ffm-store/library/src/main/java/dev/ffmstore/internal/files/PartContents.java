package dev.ffmstore.internal.files;

/// What the whole target will hold.
///
/// @param size in bytes
/// @param fingerprint hexadecimal digits that are others for any other contents
public record PartContents(long size, String fingerprint) {}
