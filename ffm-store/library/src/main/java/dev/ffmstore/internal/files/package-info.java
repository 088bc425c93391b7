/// Files that are complete or not there.
@NullMarked
package dev.ffmstore.internal.files;

import org.jspecify.annotations.NullMarked;
