package dev.ffmstore.internal.measure;

import java.util.concurrent.atomic.LongAdder;

/// How much of some work is done. For any thread.
final class Done {
    private final LongAdder elements = new LongAdder();

    void add(long count) {
        elements.add(count);
    }

    long elements() {
        return elements.sum();
    }
}
