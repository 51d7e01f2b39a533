import Broker
import Commerce
import Storage
import TestSupport
import Timekeeping

extension Batch {
    /// The batch as its topic carries it from `position` on.
    func published(at position: Int64) -> Publication<Batch> {
        Publication(batch: self, firstPosition: position, publishTime: Shop.epoch)
    }

    /// All of the batch, or the selected events, to be stored from `position` on.
    func write(at position: Int64, _ selection: Selection? = nil) -> RawWrite {
        RawWrite(
            publication: published(at: position),
            selection: selection ?? .range(0..<count)
        )
    }
}

extension Shop {
    /// The events that CloudEvents JSON describes, one object an element, with their originals.
    func batch(ofJSON lines: [String], firstOffset: Int64 = 1) throws -> Batch {
        let decoder = CloudEventDecoder(symbols: symbols)
        var builder = BatchBuilder(
            stream: symbols.symbol(for: "test", in: .text),
            symbols: symbols,
            capacity: lines.count
        )
        builder.firstOffset = firstOffset
        var originals = Originals()
        for line in lines {
            let (event, items) = try decoder.decode(Array(line.utf8)[...])
            builder.append(event, items: items)
            let first = originals.bytes.count
            originals.bytes += line.utf8
            originals.ranges.append(first..<originals.bytes.count)
        }
        builder.originals = originals
        return builder.finish(schedule: .asRecorded)
    }

    /// A product view in CloudEvents JSON; the texts go in as they are.
    func json(
        id: String,
        source: String = "shop",
        time: String = "2023-11-14T22:13:20Z",
        category: String = "c1"
    ) -> String {
        #"{"specversion":"1.0","id":"\#(id)","source":"\#(source)","type":"view_item","#
            + #""time":"\#(time)","data":{"user_id":"u1","items":[{"item_id":"p1","#
            + #""item_category":"\#(category)","quantity":1}]}}"#
    }
}
