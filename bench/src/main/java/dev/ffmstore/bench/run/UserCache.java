package dev.ffmstore.bench.run;

import java.nio.file.Path;

/// Where a user's files that can be made again are kept; the demo model is one of them.
public final class UserCache {
    private UserCache() {}

    /// {@return the folder, which need not be there}
    public static Path folder() {
        Path xdg = Path.of(System.getenv().getOrDefault("XDG_CACHE_HOME", ""));
        return (xdg.isAbsolute() ? xdg : Path.of(System.getProperty("user.home"), ".cache")).resolve("ffm-store");
    }
}
