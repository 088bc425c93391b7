/// Readers and writers of tensor file formats, and the small files that go with them.
@NullMarked
package dev.ffmstore.formats;

import org.jspecify.annotations.NullMarked;
