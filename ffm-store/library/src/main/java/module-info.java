/// An off-heap tensor store: a model becomes dense tensors in one shared arena, or files of other formats.
module dev.ffmstore {
    requires transitive dev.ffmstore.core;
    requires static org.jspecify;

    exports dev.ffmstore;
    exports dev.ffmstore.export;
    exports dev.ffmstore.formats;
    exports dev.ffmstore.mlir;
}
