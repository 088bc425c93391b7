/// The command line, with a class for each command. Its output is for people; with `--json`, for programs.
///
/// The libraries that it uses are optional dependencies: a user of the library alone needs none of them.
@NullMarked
package dev.ffmstore.cli;

import org.jspecify.annotations.NullMarked;
