import PostgreSQLStores
import Testing

struct CopyRowsTests {
    @Test func `rows are written as PostgreSQL documents them`() {
        var rows = CopyRows(columns: 5)
        #expect(rows.count == 0)
        rows.beginRow()
        rows.append(Int64(-2))
        rows.append("aé")
        rows.appendNull()
        rows.append(littleEndian: [0x0102_0304_0506_0708])
        rows.append(Identifier(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff))
        #expect(rows.count == 1)
        let expected: [[UInt8]] = [
            // The signature, no flags, no extension.
            Array("PGCOPY\n".utf8), [0xff, 0x0d, 0x0a, 0], [0, 0, 0, 0], [0, 0, 0, 0],
            [0, 5],
            [0, 0, 0, 8], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe],
            [0, 0, 0, 3], [0x61, 0xc3, 0xa9],
            [0xff, 0xff, 0xff, 0xff],
            [0, 0, 0, 8], [8, 7, 6, 5, 4, 3, 2, 1],
            [0, 0, 0, 16], [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77],
            [0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff],
        ]
        #expect(rows.bytes == Array(expected.joined()))
        #expect(CopyRows.trailer == [0xff, 0xff])
    }
}
