package dev.ffmstore.ggml;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class Float8Test {
    /// A value from the sign, the exponent and the mantissa, in 64-bit floats, which hold all steps exactly.
    private static double value(int bits, int mantissaBits, int bias) {
        int exponent = (bits & 0x7F) >> mantissaBits;
        int mantissa = bits & (1 << mantissaBits) - 1;
        double fraction = mantissa / Math.pow(2, mantissaBits);
        double magnitude =
                exponent == 0 ? fraction * Math.pow(2, 1 - bias) : (1 + fraction) * Math.pow(2, exponent - bias);
        return bits > 0x7F ? -magnitude : magnitude;
    }

    private static void assertIs(Float8 type, int bits, double expected) {
        float got = type.toFloat((byte) bits);
        if (Double.isNaN(expected)) {
            int sign = type != Float8.E8M0 && bits > 0x7F ? 0x8000_0000 : 0;
            assertThat(Float.floatToRawIntBits(got)).as("%s %x", type, bits).isEqualTo(0x7FC0_0000 | sign);
        } else {
            assertThat(Double.doubleToRawLongBits(got))
                    .as("%s %x", type, bits)
                    .isEqualTo(Double.doubleToRawLongBits(expected));
        }
    }

    @Test
    void everyValueIsTheOneOfItsDefinition() {
        for (int bits = 0; bits < 256; bits++) {
            assertIs(Float8.E4M3, bits, (bits & 0x7F) == 0x7F ? Double.NaN : value(bits, 3, 7));
            double e5m2 = value(bits, 2, 15);
            if ((bits & 0x7C) == 0x7C) {
                e5m2 = (bits & 3) != 0 ? Double.NaN : bits > 0x7F ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            }
            assertIs(Float8.E5M2, bits, e5m2);
            assertIs(Float8.E8M0, bits, bits == 255 ? Double.NaN : Math.pow(2, bits - 127));
        }
    }

    /// The limits that the specification lists.
    @ParameterizedTest
    @CsvSource({
        "E4M3, 0x7E, 448",
        "E4M3, 0x08, 0.015625",
        "E4M3, 0x07, 0.013671875",
        "E4M3, 0x81, -0.001953125",
        "E5M2, 0x7B, 57344",
        "E5M2, 0x04, 6.103515625E-5",
        "E5M2, 0x01, 1.52587890625E-5",
        "E8M0, 127, 1",
        "E8M0, 254, 1.7014118346046923E38",
        "E8M0, 0, 5.877471754111438E-39"
    })
    void theLimitsAreThoseOfTheSpecification(Float8 type, String bits, double value) {
        assertIs(type, Integer.decode(bits), value);
    }

    @ParameterizedTest
    @EnumSource
    void arraysAreWidenedElementByElement(Float8 type) {
        byte[] from = {0, 1, -1, 127, -128, 5};
        float[] to = {9, 9, 9, 9, 9, 9};
        type.toFloats(from, to, 5);
        for (int i = 0; i < 5; i++) {
            assertThat(Float.floatToRawIntBits(to[i])).isEqualTo(Float.floatToRawIntBits(type.toFloat(from[i])));
        }
        assertThat(to[5]).isEqualTo(9);
    }
}
