package dev.ffmstore.cli.demo;

import java.nio.file.Path;
import java.util.Map;

/// The folder for a user's files that can be made again.
public final class DemoCache {
    private static final String NAME = "ffm-store";

    private DemoCache() {}

    /// {@return the folder, which need not exist}
    public static Path folder() {
        return folder(System.getProperty("os.name"), Path.of(System.getProperty("user.home")), System.getenv());
    }

    static Path folder(String os, Path home, Map<String, String> environment) {
        if (os.startsWith("Windows")) {
            String local = environment.getOrDefault("LOCALAPPDATA", "");
            return (local.isEmpty() ? home.resolve("AppData", "Local") : Path.of(local)).resolve(NAME);
        }
        if (os.startsWith("Mac")) {
            return home.resolve("Library", "Caches", NAME);
        }
        // the XDG specification says that relative paths are ignored
        Path xdg = Path.of(environment.getOrDefault("XDG_CACHE_HOME", ""));
        return (xdg.isAbsolute() ? xdg : home.resolve(".cache")).resolve(NAME);
    }
}
