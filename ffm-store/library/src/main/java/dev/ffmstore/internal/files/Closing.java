package dev.ffmstore.internal.files;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/// Closes several things, even if closing one of them fails.
public final class Closing {
    private Closing() {}

    /// Closes all things, in their order.
    ///
    /// @throws IOException the exception of the first that cannot be closed; those of others are suppressed in it
    public static void all(List<? extends Closeable> things) throws IOException {
        Throwable failure = null;
        for (Closeable thing : things) {
            try {
                thing.close();
            } catch (IOException | RuntimeException | Error e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        switch (failure) {
            case null -> {
                return;
            }
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure); // no other is caught
        }
    }
}
