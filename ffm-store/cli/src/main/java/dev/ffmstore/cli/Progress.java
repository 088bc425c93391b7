package dev.ffmstore.cli;

import dev.ffmstore.ProgressListener;
import java.util.function.LongConsumer;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/// A progress bar on standard error, if that is a terminal, once the work has gone on for a moment.
final class Progress implements ProgressListener, AutoCloseable {
    private static final long PATIENCE_NANOS = 300_000_000;
    private static final int WIDTH = 79;

    private final String task;
    private final boolean wanted;
    private final long start = System.nanoTime();
    private @Nullable ProgressBar bar;

    /// @param task the name of the work
    /// @param wanted whether a bar is wanted at all
    Progress(String task, boolean wanted) {
        this.task = task;
        // The JVM does not say whether standard error is a terminal; the script that starts it does.
        this.wanted = wanted && Boolean.getBoolean("ffmstore.stderr.tty");
    }

    @Override
    public void progress(long doneBytes, long totalBytes) {
        if (!wanted || System.nanoTime() - start < PATIENCE_NANOS) {
            return;
        }
        if (bar == null) {
            bar = new ProgressBarBuilder()
                    .setTaskName(task)
                    .setInitialMax(totalBytes)
                    .setStyle(ProgressBarStyle.ASCII)
                    .setUnit(" MB", 1_000_000)
                    .setMaxRenderedLength(WIDTH)
                    .clearDisplayOnFinish()
                    .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH))
                    .build();
        }
        bar.stepTo(doneBytes);
    }

    /// {@return a listener for work that is counted in elements and shown in bytes}
    ///
    /// @param elements the number of all elements
    /// @param bytes the size of all elements
    LongConsumer ofElements(long elements, long bytes) {
        return done -> progress((long) ((double) done / elements * bytes), bytes);
    }

    /// Removes the bar.
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
