/// What the exporters share: constants out of plans.
@NullMarked
package dev.ffmstore.internal.export;

import org.jspecify.annotations.NullMarked;
