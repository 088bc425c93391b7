/// An off-heap tensor store: a model becomes dense tensors in one shared arena, or files of other formats.
module dev.ffmstore {
    requires transitive dev.ffmstore.core;
    requires java.net.http;
    requires static org.jspecify;

    uses dev.ffmstore.Model.Reader;

    provides dev.ffmstore.Model.Reader with
            dev.ffmstore.formats.SafetensorsReader,
            dev.ffmstore.formats.IrpaReader,
            dev.ffmstore.formats.NpyReader;

    exports dev.ffmstore;
    exports dev.ffmstore.export;
    exports dev.ffmstore.formats;
    exports dev.ffmstore.mlir;
}
