package dev.ffmstore.interop;

import java.nio.file.Path;

/// The folders this suite works with.
final class Places {
    private Places() {}

    /// {@return the folder of the Maven module}
    static Path module() {
        return Path.of(System.getProperty("basedir", "")).toAbsolutePath();
    }

    /// {@return the folder of the Python scripts and their requirements}
    static Path scripts() {
        return module().resolve("src/test/python");
    }

    /// {@return the launcher script of the packaged command line}
    static Path launcher() {
        return module().resolve("target/ffm-store/bin/ffm-store");
    }

    /// {@return the folder beside the project that holds more test data, or -Dffmstore.shared; it need not exist}
    static Path shared() {
        String elsewhere = System.getProperty("ffmstore.shared");
        return elsewhere != null
                ? Path.of(elsewhere)
                : module().resolve("../../../shared").normalize();
    }

    /// {@return where the user keeps what can be made again; it need not exist}
    static Path cache() {
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path caches = xdg == null || xdg.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(xdg);
        return caches.resolve("ffm-store");
    }
}
