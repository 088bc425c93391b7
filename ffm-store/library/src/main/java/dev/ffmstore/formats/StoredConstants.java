package dev.ffmstore.formats;

import dev.ffmstore.export.Constant;
import dev.ffmstore.export.ConstantReader;
import dev.ffmstore.export.ConstantSource;
import dev.ffmstore.gguf.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Constants whose dense bytes stand in files as they are. Holds no file open: each reader opens what it reads.
final class StoredConstants implements ConstantSource {
    /// What stands for the convention of files that say nothing of it.
    static final String UNKNOWN_CONVENTION = "as stored";

    private final String name;
    private final String convention;
    private final List<Constant> constants;
    private final Map<String, Place> places;

    /// @param name the name of the file or folder
    /// @param convention the convention of names and layouts, as the file says
    /// @param constants the constants, in their order
    /// @param places where each is, by its name; the whole of it lies in its file
    StoredConstants(String name, String convention, List<Constant> constants, Map<String, Place> places) {
        this.name = name;
        this.convention = convention;
        this.constants = List.copyOf(constants);
        this.places = Map.copyOf(places);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String convention() {
        return convention;
    }

    @Override
    public List<Constant> constants() {
        return constants;
    }

    /// {@return where a constant is}
    Place place(Constant constant) {
        return Objects.requireNonNull(places.get(constant.name()), constant.name());
    }

    @Override
    public ConstantReader openReader() {
        return new Reader();
    }

    @Override
    public void checkUnchanged() throws IOException {
        Set<StoredFile> files = new LinkedHashSet<>();
        for (Constant constant : constants) {
            if (place(constant) instanceof Place.InFile in) {
                files.add(in.file());
            }
        }
        for (StoredFile file : files) {
            file.checkUnchanged();
        }
    }

    /// Keeps the file open that it read from last: workers read on in the same file mostly.
    private final class Reader implements ConstantReader {
        private @Nullable StoredFile file;
        private @Nullable Source source;

        @Override
        public void read(Constant constant, long offset, MemorySegment target) throws IOException {
            Objects.checkFromIndexSize(offset, target.byteSize(), constant.byteSize());
            switch (place(constant)) {
                case Place.InFile in -> open(in.file()).read(in.offset() + offset, target);
                case Place.Splat splat -> fill(target, splat.pattern(), offset);
            }
        }

        private Source open(StoredFile wanted) throws IOException {
            if (source != null && wanted.equals(file)) {
                return source;
            }
            close();
            Source opened = wanted.open();
            file = wanted;
            source = opened;
            return opened;
        }

        private static void fill(MemorySegment target, byte[] pattern, long offset) {
            for (long i = 0; i < target.byteSize(); i++) {
                target.set(ValueLayout.JAVA_BYTE, i, pattern[(int) ((offset + i) % pattern.length)]);
            }
        }

        @Override
        public void close() {
            if (source != null) {
                try {
                    source.close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                source = null;
            }
        }
    }
}
