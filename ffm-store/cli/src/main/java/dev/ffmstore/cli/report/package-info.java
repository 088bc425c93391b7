/// Facts for reports: the heap, the machine, the JVM.
@NullMarked
package dev.ffmstore.cli.report;

import org.jspecify.annotations.NullMarked;
