extension Batch {
    /// The CloudEvents `id` of the event at `index`, as its producer wrote it.
    ///
    /// A UUID is made from the event; any other text is read back from the original bytes. An
    /// event that has neither gets the digest of its id in the form of a UUID.
    package func idText(of index: Int) -> String {
        let event = events[index]
        if !event.hasUUID, let original = originalJSON(of: index),
            let text = original.withUnsafeBufferPointer(Batch.idText(inJSON:))
        {
            return text
        }
        return event.id.uuid
    }

    /// The bytes the event at `index` was read from, where they are CloudEvents JSON.
    ///
    /// Rows of a CSV file and of the CDNOW log are not; ``CloudEventEncoder`` writes theirs.
    package func originalJSON(of index: Int) -> ArraySlice<UInt8>? {
        guard let originals else { return nil }
        let bytes = originals.bytes[originals.ranges[index]]
        // An object begins with a brace and a quote, and no row that the CSV reader accepts
        // does: a quote may only begin a field there.
        let marks = bytes.lazy.filter { $0 > 0x20 }.prefix(2)
        return marks.elementsEqual(#"{""#.utf8) ? bytes : nil
    }

    private static func idText(inJSON bytes: UnsafeBufferPointer<UInt8>) -> String? {
        var reader = JSONReader(bytes)
        do throws(RejectionReason) {
            try reader.open(UInt8(ascii: "{"), FieldPath("event"))
            while let key = try reader.nextKey() {
                if key.text == CloudEventAttribute.id.rawValue {
                    return try reader.string(FieldPath(key.text))
                }
                try reader.skip()
            }
        } catch {
            return nil
        }
        return nil
    }
}
