package dev.ffmstore.formats;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// An IREE parameter archive, read as its format says and with every rule of it checked.
///
/// @param entries in the order of the archive
public record Archive(List<Entry> entries) {

    /// @param place where it is stored in the file; 0 of a splat
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    public record Entry(String name, int type, long alignment, long place, byte[] bytes) {}

    private record Range(long offset, long length) {
        static Range at(ByteBuffer file, int offset) {
            return new Range(file.getLong(offset), file.getLong(offset + 8));
        }

        long end() {
            return offset + length;
        }
    }

    public static Archive read(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        expect(0x41505249, file.getInt(0), "magic");
        expect(0, file.getInt(4), "version");
        expect(88, file.getLong(8), "size of the header");
        expect(0, file.getLong(16), "next header");
        expect(0, file.getLong(24), "flags");
        expect(0, bytes.length % 4096, "padding");
        long count = file.getLong(32);
        Range entries = Range.at(file, 40);
        Range names = Range.at(file, 56);
        Range storage = Range.at(file, 72);
        expect(96, entries.offset(), "start of the entries");
        expect(entries.end(), names.offset(), "start of the metadata");
        expect((storage.end() + 4095) / 4096 * 4096, bytes.length, "size of the file");

        List<Entry> read = new ArrayList<>();
        long at = entries.offset();
        long nextName = 0;
        for (long i = 0; i < count; i++) {
            at = (at + 15) / 16 * 16;
            int entry = (int) at;
            Range name = Range.at(file, entry + 20);
            expect(nextName, name.offset(), "place of a name");
            expect(0, file.getLong(entry + 36), "place of metadata");
            expect(0, file.getLong(entry + 44), "size of metadata");
            expect(0, file.getLong(entry + 12), "flags of an entry");
            int type = file.getInt(entry + 8);
            int start = (int) (names.offset() + name.offset());
            String text = new String(bytes, start, (int) name.length(), StandardCharsets.UTF_8);
            if (type == 2) {
                expect(76, file.getLong(entry), "size of an entry");
                Range data = Range.at(file, entry + 60);
                if (data.end() > storage.length()) {
                    throw new AssertionError(text + " ends behind the storage");
                }
                int place = (int) (storage.offset() + data.offset());
                read.add(new Entry(
                        text,
                        type,
                        file.getLong(entry + 52),
                        place,
                        Arrays.copyOfRange(bytes, place, place + (int) data.length())));
            } else {
                expect(1, type, "type of an entry");
                expect(85, file.getLong(entry), "size of an entry");
                expect(0, file.getLong(entry + 52), "alignment of a splat");
                byte[] dense = new byte[(int) file.getLong(entry + 60)];
                int pattern = bytes[entry + 84];
                for (int k = 0; k < dense.length; k++) {
                    dense[k] = bytes[entry + 68 + k % pattern];
                }
                read.add(new Entry(text, type, 0, 0, dense));
            }
            at += file.getLong(entry);
            nextName = name.end();
        }
        boolean stores = read.stream().anyMatch(entry -> entry.type() == 2);
        expect(stores ? (names.end() + 63) / 64 * 64 : names.end(), storage.offset(), "start of the storage");
        expect(entries.end(), at, "end of the entries");
        expect(names.length(), nextName, "size of the metadata");
        return new Archive(read);
    }

    private static void expect(long expected, long got, String what) {
        if (expected != got) {
            throw new AssertionError(what + ": expected " + expected + ", got " + got);
        }
    }
}
