package dev.ffmstore.ggml;

/// The 8-bit floats of the Open Compute Project (OFP8, and the scale of its MX formats). Every one of their values
/// is a 32-bit float, so that widening them rounds nothing.
///
/// ```text
/// E4M3  s eeee mmm    bias 7    (-1)^s · 2^(e - 7) · 1.m, subnormal at e = 0   no infinities, s 1111 111 is NaN
/// E5M2  s eeeee mm    bias 15   the upper byte of a binary16                   infinities, s 11111 mm is NaN
/// E8M0  eeeeeeee      bias 127  2^(e - 127), always positive                   11111111 is NaN
/// ```
///
/// A NaN becomes the quiet NaN of its sign, whatever its mantissa.
public enum Float8 {
    E4M3(Values.e4m3()),
    E5M2(Values.e5m2()),
    E8M0(Values.e8m0());

    private final float[] values;

    Float8(float[] values) {
        this.values = values;
    }

    /// {@return the value of an element}
    public float toFloat(byte bits) {
        return values[bits & 0xFF];
    }

    /// Widens elements, from the start of one array to the start of the other.
    ///
    /// @param from the elements
    /// @param to receives their values
    /// @param count the number of elements
    public void toFloats(byte[] from, float[] to, int count) {
        for (int i = 0; i < count; i++) {
            to[i] = values[from[i] & 0xFF];
        }
    }

    /// The value of each of the 256 bytes.
    private static final class Values {
        private static final int COUNT = 256;
        private static final int SIGN = 0x80;
        private static final int NAN = 0x7FC0_0000;

        private Values() {}

        static float[] e4m3() {
            float[] values = new float[COUNT];
            for (int bits = 0; bits < COUNT; bits++) {
                int exponent = bits >> 3 & 0xF;
                int mantissa = bits & 7;
                float magnitude = exponent == 0 // scalb is exact here: every result is a normal float
                        ? Math.scalb((float) mantissa, -9)
                        : Math.scalb((float) (8 + mantissa), exponent - 10);
                values[bits] = (bits & 0x7F) == 0x7F ? nan(bits) : signed(bits, magnitude);
            }
            return values;
        }

        static float[] e5m2() {
            float[] values = new float[COUNT];
            for (int bits = 0; bits < COUNT; bits++) {
                values[bits] = (bits & 0x7F) > 0x7C ? nan(bits) : Float.float16ToFloat((short) (bits << 8));
            }
            return values;
        }

        static float[] e8m0() {
            float[] values = new float[COUNT];
            for (int bits = 0; bits < COUNT - 1; bits++) {
                values[bits] = Math.scalb(1f, bits - 127); // the smallest, 2^-127, is a subnormal float
            }
            values[COUNT - 1] = Float.NaN;
            return values;
        }

        private static float signed(int bits, float magnitude) {
            return (bits & SIGN) == 0 ? magnitude : -magnitude;
        }

        private static float nan(int bits) {
            return Float.intBitsToFloat(NAN | (bits & SIGN) << 24);
        }
    }
}
