package dev.ffmstore.export;

/// One file of an export that is a folder or has several parts.
///
/// @param path its path in the folder, with `/` between names; never absolute, and never leads out of the folder
/// @param layout what it is made of
public record NamedLayout(String path, FileLayout layout) {}
