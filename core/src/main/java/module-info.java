/// The GGUF container and the ggml block decoders: no threads, no memory policy, no I/O except through a source.
///
/// The vector decoders need the module `jdk.incubator.vector` in the module graph (`--add-modules
/// jdk.incubator.vector`); without it the scalar decoders do the work.
module dev.ffmstore.core {
    requires static jdk.incubator.vector;
    requires static org.jspecify;

    exports dev.ffmstore.gguf;
    exports dev.ffmstore.ggml;
    exports dev.ffmstore.internal.gguf to
            dev.ffmstore;
    exports dev.ffmstore.internal.text to
            dev.ffmstore;
}
