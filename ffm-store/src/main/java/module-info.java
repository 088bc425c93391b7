/// An off-heap tensor store: a GGUF model becomes dense tensors in one shared arena.
module dev.ffmstore {
    requires transitive dev.ffmstore.core;
    requires static java.management;
    requires static org.jspecify;

    exports dev.ffmstore;
}
