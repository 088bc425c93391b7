/// Files before and while they are written: layouts, what renders any byte range of one, and the exporter.
@NullMarked
package dev.ffmstore.export;

import org.jspecify.annotations.NullMarked;
