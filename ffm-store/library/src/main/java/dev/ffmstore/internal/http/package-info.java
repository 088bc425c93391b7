/// Sources that are read over HTTP and HTTPS by ranges; nothing of this is loaded where only local files are read.
@NullMarked
package dev.ffmstore.internal.http;

import org.jspecify.annotations.NullMarked;
