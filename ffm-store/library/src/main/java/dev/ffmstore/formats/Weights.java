package dev.ffmstore.formats;

import dev.ffmstore.LoadOptions;
import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.export.Constants;
import dev.ffmstore.gguf.GgufFile;
import dev.ffmstore.gguf.Source;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// A file or folder of weights that is open.
public sealed interface Weights extends Closeable permits IrpaArchive, Weights.Typed {
    /// Weights whose dtypes and shapes are known.
    ///
    /// @param source the weights, readable until this is closed
    /// @param owner what is closed with this
    record Typed(ConstantSource source, Closeable owner) implements Weights {
        private static Typed of(ConstantSource source) {
            return new Typed(source, () -> {});
        }

        @Override
        public String name() {
            return source.name();
        }

        @Override
        public List<String> names() {
            return source.constants().stream().map(Constant::name).toList();
        }

        @Override
        public void close() throws IOException {
            owner.close();
        }
    }

    /// Says how a GGUF file is read.
    @FunctionalInterface
    interface GgufForm {
        /// {@return types, names, decoders and limits for a file}
        LoadOptions of(GgufFile file) throws IOException;
    }

    /// {@return the name of the file or folder}
    String name();

    /// {@return the names of all tensors, in its order}
    List<String> names();

    /// Opens a GGUF file, a safetensors file, the index of safetensors shards or a folder that holds one, an IREE
    /// parameter archive, or a folder of NumPy arrays.
    ///
    /// @param path the file or folder
    /// @param gguf how it is read if it is a GGUF file
    /// @return the weights; the caller closes them
    /// @throws IOException if it is malformed, of no such kind, or cannot be read
    static Weights open(Path path, GgufForm gguf) throws IOException {
        return switch (kind(path)) {
            case GGUF -> openGguf(path, gguf);
            case SAFETENSORS -> Typed.of(SafetensorsReader.read(path));
            case SAFETENSORS_INDEX -> Typed.of(SafetensorsIndex.read(path));
            case SAFETENSORS_FOLDER -> Typed.of(SafetensorsIndex.read(SafetensorsIndex.in(path)));
            case IRPA -> IrpaArchive.read(path);
            case NPY_FOLDER -> Typed.of(NpyFolder.read(path));
        };
    }

    private static Weights openGguf(Path path, GgufForm form) throws IOException {
        GgufFile file = GgufFile.open(path);
        try {
            return new Typed(Constants.of(file, form.of(file)), file);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static Kind kind(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return SafetensorsIndex.isIn(path) ? Kind.SAFETENSORS_FOLDER : Kind.NPY_FOLDER;
        }
        String name = path.toString();
        if (name.endsWith(".gguf")) {
            return Kind.GGUF;
        }
        if (name.endsWith(".safetensors")) {
            return Kind.SAFETENSORS;
        }
        if (name.endsWith(".irpa")) {
            return Kind.IRPA;
        }
        return name.endsWith(".json") ? Kind.SAFETENSORS_INDEX : kindByContent(path);
    }

    private static Kind kindByContent(Path path) throws IOException {
        byte[] start = new byte[9];
        try (Source source = Source.of(path)) {
            source.read(0, MemorySegment.ofArray(start).asSlice(0, Math.min(start.length, source.size())));
        }
        String magic = new String(start, 0, 4, StandardCharsets.ISO_8859_1);
        if (magic.equals("GGUF")) {
            return Kind.GGUF;
        }
        if (magic.equals("IRPA")) {
            return Kind.IRPA;
        }
        if (start[8] == '{') {
            return Kind.SAFETENSORS;
        }
        throw WeightsException.of(
                path.toString(),
                "of no kind that is read",
                "a GGUF file, a safetensors file or index, an .irpa archive, or a folder of .npy files",
                "a file that starts with " + magic);
    }

    /// What a file or folder is.
    enum Kind {
        GGUF,
        SAFETENSORS,
        SAFETENSORS_INDEX,
        SAFETENSORS_FOLDER,
        IRPA,
        NPY_FOLDER
    }
}
