/// An off-heap tensor store: a GGUF model becomes dense tensors in one shared arena.
module dev.ffmstore {
    requires transitive dev.ffmstore.core;
    requires static ascii.table;
    requires static com.fasterxml.jackson.core;
    requires static info.picocli;
    requires static java.management;
    requires static me.tongfei.progressbar;
    requires static org.jspecify;

    exports dev.ffmstore;
    exports dev.ffmstore.export;

    opens dev.ffmstore.cli to
            info.picocli;
}
