package dev.ffmstore.internal.scalar;

import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The grids of the IQ types: tables of short vectors of small integers, into which the blocks point.
///
/// The tables are read once from `codebooks.bin`; `codebooks.md` beside it describes the layout of that file and
/// says where the numbers come from.
public final class Codebooks {
    private static final String RESOURCE = "codebooks.bin";
    private static final String SHA_256 = "98cf48ec79a071c573fa56a1c2f0cd7b9d85a9629540a2ef4f707b985e1ee5af";

    /// Entry i is at 8·i to 8·i + 7.
    public static final byte[] IQ2_XXS;

    /// Entry i is at 8·i to 8·i + 7.
    public static final byte[] IQ2_XS;

    /// Entry i is at 8·i to 8·i + 7.
    public static final byte[] IQ2_S;

    /// Entry i is at 4·i to 4·i + 3.
    public static final byte[] IQ3_XXS;

    /// Entry i is at 4·i to 4·i + 3.
    public static final byte[] IQ3_S;

    /// Entry i is at 8·i to 8·i + 7.
    public static final byte[] IQ1;

    /// For each byte of signs, bit j for element j, eight factors: 1, or −1 where the bit is set.
    public static final byte[] SIGNS = new byte[256 * 8];

    static {
        BitReader codes = new BitReader(read());
        IQ2_XXS = codes.grid(256 * 8, 2, 8, 25, 43);
        IQ2_XS = codes.grid(512 * 8, 2, 8, 25, 43);
        IQ2_S = codes.grid(1024 * 8, 2, 8, 25, 43);
        IQ3_XXS = codes.grid(256 * 4, 3, 4, 12, 20, 28, 36, 44, 52, 62);
        IQ3_S = codes.grid(512 * 4, 3, 1, 3, 5, 7, 9, 11, 13, 15);
        IQ1 = codes.grid(2048 * 8, 2, -1, 0, 1);
        for (int i = 0; i < SIGNS.length; i++) {
            SIGNS[i] = (byte) (1 - 2 * (i >> 3 >> (i & 7) & 1));
        }
    }

    private Codebooks() {}

    /// {@return the byte of signs that seven bits stand for: the eighth bit makes the number of set bits even}
    public static int evenSigns(int sevenBits) {
        return sevenBits | (Integer.bitCount(sevenBits) & 1) << 7;
    }

    private static byte[] read() {
        try (InputStream in = Codebooks.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException("the resource " + RESOURCE + " is missing");
            }
            byte[] bytes = in.readAllBytes();
            String digest = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
            if (!digest.equals(SHA_256)) {
                throw new IllegalStateException(
                        "the resource " + RESOURCE + " is damaged: expected SHA-256 " + SHA_256 + ", got " + digest);
            }
            return bytes;
        } catch (IOException | NoSuchAlgorithmException e) {
            throw new IllegalStateException("the resource " + RESOURCE + " cannot be read", e);
        }
    }

    /// Reads codes of a few bits from an array, the lowest bits first.
    private static final class BitReader {
        private final byte[] bytes;
        private int position;

        BitReader(byte[] bytes) {
            this.bytes = bytes;
        }

        byte[] grid(int elements, int bits, int... values) {
            byte[] grid = new byte[elements];
            for (int i = 0; i < elements; i++) {
                int code = 0;
                for (int bit = 0; bit < bits; bit++, position++) {
                    code |= (bytes[position >> 3] >> (position & 7) & 1) << bit;
                }
                grid[i] = (byte) values[code];
            }
            return grid;
        }
    }
}
