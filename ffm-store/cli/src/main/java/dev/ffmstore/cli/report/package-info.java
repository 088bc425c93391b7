/// Reports of what commands have found, as text, as JSON or as a page, and the facts of the heap, machine and JVM.
@NullMarked
package dev.ffmstore.cli.report;

import org.jspecify.annotations.NullMarked;
