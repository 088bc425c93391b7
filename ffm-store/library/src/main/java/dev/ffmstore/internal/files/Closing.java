package dev.ffmstore.internal.files;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/// Closes several things, whatever happens to one of them.
public final class Closing {
    private Closing() {}

    /// Closes all of them, in their order.
    ///
    /// @throws IOException what the first throws that cannot be closed; what others throw is suppressed in it
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
            default -> throw new IllegalStateException(failure); // none is caught
        }
    }
}
