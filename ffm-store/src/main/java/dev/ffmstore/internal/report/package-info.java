/// Facts for reports: the heap's peak, the machine, the JVM.
@NullMarked
package dev.ffmstore.internal.report;

import org.jspecify.annotations.NullMarked;
