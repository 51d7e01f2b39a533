extension RandomAccessCollection {
    /// The first place whose element satisfies `isBehind`, as all after it do.
    @inlinable
    package func partitioningIndex(where isBehind: (Element) -> Bool) -> Index {
        var (start, length) = (startIndex, count)
        while length > 0 {
            let middle = index(start, offsetBy: length / 2)
            if isBehind(self[middle]) {
                length /= 2
            } else {
                start = index(after: middle)
                length -= length / 2 + 1
            }
        }
        return start
    }
}
