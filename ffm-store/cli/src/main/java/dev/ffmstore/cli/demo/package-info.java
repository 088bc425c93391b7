/// The demo's model, random blocks from a fixed seed in the shape of a real model, and where it is kept.
@NullMarked
package dev.ffmstore.cli.demo;

import org.jspecify.annotations.NullMarked;
