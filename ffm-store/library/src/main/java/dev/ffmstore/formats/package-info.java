/// Formats of files of tensors, reader beside writer, and the small files that go with them.
@NullMarked
package dev.ffmstore.formats;

import org.jspecify.annotations.NullMarked;
