/// The command line, a class a command. What it prints is for people; with `--json`, for programs.
///
/// Its libraries are optional dependencies: who uses the library alone needs none of them.
@NullMarked
package dev.ffmstore.cli;

import org.jspecify.annotations.NullMarked;
