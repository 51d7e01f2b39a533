/// What a file is that is no text, by how it begins.
enum InputKind {
    /// How many bytes tell the kind.
    static let length = 16

    private static let beginnings: [(bytes: [UInt8], kind: String)] = [
        ([0x1f, 0x8b], "is compressed (gzip); unpack it, such as with gunzip -c"),
        (Array("BZh91AY".utf8), "is compressed (bzip2); unpack it, such as with bunzip2 -c"),
        ([0xfd] + Array("7zXZ".utf8), "is compressed (xz); unpack it, such as with xz -dc"),
        ([0x28, 0xb5, 0x2f, 0xfd], "is compressed (zstd); unpack it, such as with zstd -dc"),
        (Array("PK\u{3}\u{4}".utf8), "is a ZIP archive or an Excel workbook; unpack or export it"),
        ([0x89] + Array("PNG".utf8), "is a PNG image"),
        ([0xff, 0xd8, 0xff], "is a JPEG image"),
        (Array("GIF8".utf8), "is a GIF image"),
        (Array("%PDF".utf8), "is a PDF document"),
        (Array("PAR1".utf8), "is a Parquet file; export it as CSV"),
        (Array("SQLite format 3\0".utf8), "is an SQLite database; export it as CSV"),
        ([0x7f] + Array("ELF".utf8), "is a program"),
        ([0xff, 0xfe], "is in UTF-16; convert it to UTF-8, such as with iconv -f UTF-16"),
        ([0xfe, 0xff], "is in UTF-16; convert it to UTF-8, such as with iconv -f UTF-16"),
    ]

    /// What an input that begins with `bytes` is, and the remedy; nil where it may be a text.
    static func refusal(of bytes: some Collection<UInt8>) -> String? {
        beginnings.first { bytes.starts(with: $0.bytes) }?.kind
    }
}
