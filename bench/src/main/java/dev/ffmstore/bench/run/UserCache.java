package dev.ffmstore.bench.run;

import java.nio.file.Path;

/// The folder for a user's files that can be made again, such as the demo model.
public final class UserCache {
    private UserCache() {}

    /// {@return the folder, which need not exist}
    public static Path folder() {
        Path xdg = Path.of(System.getenv().getOrDefault("XDG_CACHE_HOME", ""));
        return (xdg.isAbsolute() ? xdg : Path.of(System.getProperty("user.home"), ".cache")).resolve("ffm-store");
    }
}
