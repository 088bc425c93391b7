package dev.ffmstore.formats;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Makes files of weights byte by byte, right ones and wrong ones.
public final class WeightFiles {
    private WeightFiles() {}

    /// {@return a safetensors file}
    ///
    /// @param header the JSON
    /// @param data what follows it
    public static byte[] safetensors(String header, byte[] data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return little(8 + json.length + data.length)
                .putLong(json.length)
                .put(json)
                .put(data)
                .array();
    }

    /// {@return the field of one tensor in a safetensors header}
    public static String field(String name, String dtype, String shape, long begin, long end) {
        return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" + begin + ","
                + end + "]}";
    }

    /// {@return a .npy file of version 1}
    ///
    /// @param dictionary its header
    public static byte[] npy(String dictionary, byte[] data) {
        byte[] text = dictionary.getBytes(StandardCharsets.UTF_8);
        return little(10 + text.length + data.length)
                .put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
                .putShort((short) text.length)
                .put(text)
                .put(data)
                .array();
    }

    /// {@return a .npy file as numpy writes it}
    public static byte[] npy(String descr, String shape, byte[] data) {
        return npy("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }     \n", data);
    }

    /// {@return floats as bytes}
    public static byte[] floats(float... values) {
        ByteBuffer bytes = little(values.length * Float.BYTES);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }

    static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// {@return an archive without entries yet}
    public static Irpa irpa() {
        return new Irpa();
    }

    /// Builds an archive in the way of IREE's own writer.
    public static final class Irpa {
        private final ByteArrayOutputStream table = new ByteArrayOutputStream();
        private final ByteArrayOutputStream names = new ByteArrayOutputStream();
        private final ByteArrayOutputStream storage = new ByteArrayOutputStream();
        private final List<Integer> sizes = new ArrayList<>();

        /// Adds bytes of their own.
        public Irpa data(String name, byte[] bytes) {
            while (storage.size() % 64 != 0) {
                storage.write(0);
            }
            long offset = storage.size();
            write(storage, bytes);
            return shared(name, offset, bytes.length);
        }

        /// Adds an entry over bytes that are there.
        public Irpa shared(String name, long offset, long length) {
            return entry(name, 2, little(76).putLong(60, offset).putLong(68, length));
        }

        /// Adds a pattern, over and over.
        public Irpa splat(String name, long length, byte... pattern) {
            ByteBuffer entry = little(85).putLong(60, length).put(84, (byte) pattern.length);
            for (int i = 0; i < Math.min(16, pattern.length); i++) {
                entry.put(68 + i, pattern[i]);
            }
            return entry(name, 1, entry);
        }

        /// Adds an entry of some type that holds nothing.
        public Irpa other(String name, int type) {
            return entry(name, type, little(60));
        }

        private Irpa entry(String name, int type, ByteBuffer entry) {
            while (table.size() % 16 != 0) {
                table.write(0);
            }
            byte[] text = name.getBytes(StandardCharsets.UTF_8);
            entry.putLong(0, entry.capacity())
                    .putInt(8, type)
                    .putLong(20, names.size())
                    .putLong(28, text.length);
            write(names, text);
            write(table, entry.array());
            sizes.add(entry.capacity());
            return this;
        }

        /// {@return the whole file}
        public byte[] bytes() {
            int metadata = 96 + table.size();
            int data = (metadata + names.size() + 63) & -64;
            int end = (data + storage.size() + 4095) & -4096;
            return little(end)
                    .putInt(0, 0x41505249)
                    .putLong(8, 88)
                    .putLong(32, sizes.size())
                    .putLong(40, 96)
                    .putLong(48, table.size())
                    .putLong(56, metadata)
                    .putLong(64, names.size())
                    .putLong(72, data)
                    .putLong(80, storage.size())
                    .put(96, table.toByteArray())
                    .put(metadata, names.toByteArray())
                    .put(data, storage.toByteArray())
                    .array();
        }

        private static void write(ByteArrayOutputStream out, byte[] bytes) {
            try {
                out.write(bytes);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
