package dev.ffmstore.formats;

import dev.ffmstore.TensorSlot;
import dev.ffmstore.TensorSource;
import dev.ffmstore.export.FileLayout;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// IREE parameter archives, version 0, as IREE's own writer makes them; little-endian, without padding inside
/// structs.
///
/// ```text
///      0  u32 magic 'IRPA'   u16 major 0   u16 minor 0   u64 header size 88
///     16  u64 next header 0  u64 flags 0   u64 number of entries
///     40  {u64 offset, u64 length} of entries, then of metadata, then of storage, from the start of the file
///     96  entries, each at a multiple of 16
///           0  u64 size of the entry   u32 type   u64 flags 0
///          20  {u64 offset, u64 length} of the name, from the start of the metadata; then of metadata: 0, 0
///          52  u64 alignment
///         DATA (2), 76 bytes, alignment 64
///          60  {u64 offset, u64 length} from the start of the storage
///         SPLAT (1), 85 bytes, alignment 0
///          60  u64 length   16 bytes of pattern   u8 length of the pattern
///      …  metadata: the names, one after the other
///      …  storage, at a multiple of 64 if there is any DATA: the tensors, each at a multiple of 64
///         zeros up to a multiple of 4096
/// ```
///
/// The entries are in the order of the source. An archive does not state types and shapes. Tensors that have the
/// same bytes as an earlier one ([TensorSlot#aliasOf]) get an entry of their own and share the storage of the
/// earlier one.
public final class Irpa {
    private static final int MAGIC = 0x41505249;
    private static final int HEADER_BYTES = 88;
    private static final int ENTRIES_OFFSET = 96;
    private static final int ENTRY_ALIGNMENT = 16;
    private static final int SPLAT = 1;
    private static final int SPLAT_ENTRY_BYTES = 85;
    private static final int DATA = 2;
    private static final int DATA_ENTRY_BYTES = 76;
    private static final int STORAGE_ALIGNMENT = 64;
    private static final int FILE_ALIGNMENT = 4096;
    private static final int MOST_PATTERN_BYTES = 16;

    private Irpa() {}

    /// {@return the layout of an archive of all tensors of a source}
    ///
    /// @throws IllegalArgumentException if the archive's entries would take 2 GiB or more
    public static FileLayout layout(TensorSource source) {
        return layout(source, Splats.none());
    }

    /// {@return the layout of an archive of all tensors of a source, with an entry without storage for each tensor
    /// whose elements are all the same}
    ///
    /// @param splats the tensors whose elements are all the same
    /// @throws IllegalArgumentException if the archive's entries would take 2 GiB or more
    public static FileLayout layout(TensorSource source, Splats splats) {
        return new Archive(source, splats).layout();
    }

    /// An archive while it is put together.
    private static final class Archive {
        private final TensorSource source;
        private final List<TensorSlot> tensors;
        private final Splats splats;

        /// Where each tensor is stored, from the start of the storage.
        private final Map<String, Long> places = new HashMap<>();

        private final FileLayout.Builder storage;
        private final ByteArrayOutputStream names = new ByteArrayOutputStream();

        Archive(TensorSource source, Splats splats) {
            this.source = source;
            this.tensors = source.tensors();
            this.splats = splats;
            this.storage = FileLayout.builder(source);
        }

        FileLayout layout() {
            ByteBuffer entries = allocate(entriesSize());
            for (TensorSlot tensor : tensors) {
                entries.position(-(-entries.position() & -ENTRY_ALIGNMENT));
                Optional<byte[]> pattern = splats.pattern(tensor.name());
                if (pattern.isPresent()) {
                    putSplat(entries, tensor, pattern.get());
                } else {
                    putData(entries, tensor, place(tensor));
                }
            }
            FileLayout stored = storage.build();
            int storageAlignment = places.isEmpty() ? 1 : STORAGE_ALIGNMENT; // as IREE's writer has it
            FileLayout.Builder file = FileLayout.builder(source)
                    .add(new FileLayout.Literal(header(entries.capacity(), stored.size(), storageAlignment)))
                    .align(ENTRY_ALIGNMENT)
                    .add(new FileLayout.Literal(entries.array()))
                    .add(new FileLayout.Literal(names.toByteArray()))
                    .align(storageAlignment);
            stored.pieces().forEach(placed -> file.add(placed.piece()));
            return file.align(FILE_ALIGNMENT).build();
        }

        private static ByteBuffer allocate(long size) {
            if (size > Integer.MAX_VALUE - FILE_ALIGNMENT) {
                throw new IllegalArgumentException(
                        "too many tensors for one archive: its entries take " + size + " bytes");
            }
            return ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
        }

        private long entriesSize() {
            long size = 0;
            for (TensorSlot tensor : tensors) {
                size = -(-size & -ENTRY_ALIGNMENT);
                size += splats.pattern(tensor.name()).isPresent() ? SPLAT_ENTRY_BYTES : DATA_ENTRY_BYTES;
            }
            return size;
        }

        private byte[] header(long entriesSize, long storageSize, int storageAlignment) {
            long namesOffset = ENTRIES_OFFSET + entriesSize;
            long storageOffset = -(-(namesOffset + names.size()) & -storageAlignment);
            return allocate(HEADER_BYTES)
                    .putInt(MAGIC)
                    .putShort((short) 0)
                    .putShort((short) 0)
                    .putLong(HEADER_BYTES)
                    .putLong(0)
                    .putLong(0)
                    .putLong(tensors.size())
                    .putLong(ENTRIES_OFFSET)
                    .putLong(entriesSize)
                    .putLong(namesOffset)
                    .putLong(names.size())
                    .putLong(storageOffset)
                    .putLong(storageSize)
                    .array();
        }

        /// {@return where a tensor is stored, from the start of the storage; adds the tensor unless it shares the
        /// place of an earlier one}
        private long place(TensorSlot tensor) {
            Long shared = tensor.aliasOf().map(places::get).orElse(null);
            if (shared == null) {
                storage.align(STORAGE_ALIGNMENT);
                shared = storage.size();
                storage.add(new FileLayout.Raw(tensor));
            }
            places.put(tensor.name(), shared);
            return shared;
        }

        private void putEntry(ByteBuffer entries, TensorSlot tensor, int size, int type, int alignment) {
            byte[] name = tensor.name().getBytes(StandardCharsets.UTF_8);
            entries.putLong(size).putInt(type).putLong(0);
            entries.putLong(names.size()).putLong(name.length);
            names.writeBytes(name);
            entries.putLong(0).putLong(0).putLong(alignment);
        }

        private void putData(ByteBuffer entries, TensorSlot tensor, long place) {
            putEntry(entries, tensor, DATA_ENTRY_BYTES, DATA, STORAGE_ALIGNMENT);
            entries.putLong(place).putLong(tensor.byteSize());
        }

        private void putSplat(ByteBuffer entries, TensorSlot tensor, byte[] pattern) {
            putEntry(entries, tensor, SPLAT_ENTRY_BYTES, SPLAT, 0);
            entries.putLong(tensor.byteSize())
                    .put(pattern)
                    .put(new byte[MOST_PATTERN_BYTES - pattern.length])
                    .put((byte) pattern.length);
        }
    }
}
