extension [UInt64] {
    /// Puts the element that belongs at `place`, were the array sorted, there, and none greater
    /// before it; gives that element.
    ///
    /// Hoare's quickselect, with the median of three as the pivot.
    @discardableResult
    mutating func partition(at place: Int) -> UInt64 {
        var (low, high) = (0, count - 1)
        while low < high {
            let ends = (self[low], self[high])
            let middle = self[(low + high) / 2]
            let pivot = Swift.max(
                Swift.min(ends.0, ends.1),
                Swift.min(Swift.max(ends.0, ends.1), middle)
            )
            var (left, right) = (low, high)
            while left <= right {
                while self[left] < pivot { left += 1 }
                while self[right] > pivot { right -= 1 }
                if left <= right {
                    swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if place <= right {
                high = right
            } else if place >= left {
                low = left
            } else {
                break
            }
        }
        return self[place]
    }
}
