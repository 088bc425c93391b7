package dev.ffmstore.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SizesTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0                   | 0 bytes
            1023                | 1,023 bytes
            1024                | 1,024 bytes (1.00 KiB)
            4400193536          | 4,400,193,536 bytes (4.10 GiB)
            9223372036854775807 | 9,223,372,036,854,775,807 bytes (8.00 EiB)
            """)
    void areReadable(long bytes, String text) {
        assertThat(Sizes.bytes(bytes)).isEqualTo(text);
    }
}
