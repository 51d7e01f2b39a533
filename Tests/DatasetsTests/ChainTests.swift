import Datasets
import Testing
import Timekeeping

/// What a chain is, held against chains that are none.
struct ChainTests {
    private static let id = DatasetID(.root, "events")
    private static let start = Timestamp(seconds: 1000)

    private static let definition = DatasetDefinition(
        name: "events",
        kind: .root,
        owner: "data",
        source: KeyEvent(.addPushSource, payload: "topic"),
        schema: "CloudEvents"
    )

    private static func data(_ records: Int64, watermark: Int64?) -> MetadataEvent {
        var content = CanonicalBytes()
        content.append(records)
        return .data(
            DataEvent(
                .addData,
                positions: 1...records,
                records: records,
                content: BlockHash(of: content),
                watermark: watermark.map { Timestamp(seconds: $0) }
            )
        )
    }

    /// A sound chain: a whole beginning and five blocks of data.
    private static func chain() throws -> [MetadataBlock] {
        var blocks = definition.blocks(after: nil, known: [:], at: start)
        var tip = ChainTip(try #require(blocks.last), watermark: nil)
        for number in 1...5 as ClosedRange<Int64> {
            let block = tip.next(
                data(number, watermark: 2000 + number),
                of: id,
                at: start + .seconds(number)
            )
            blocks.append(block)
            tip = ChainTip(block, watermark: tip.watermark)
        }
        return blocks
    }

    /// The block with its hash made anew, so that nothing but what was changed is wrong.
    private static func rehashed(_ block: MetadataBlock) -> MetadataBlock {
        var block = block
        block.hash = block.computedHash(in: id)
        return block
    }

    private static func mistakes(_ blocks: [MetadataBlock]) -> [ChainError] {
        var validator = ChainValidator(id)
        var mistakes: [ChainError] = []
        for block in blocks {
            do throws(ChainError) {
                try validator.append(block)
            } catch {
                mistakes.append(error)
                validator.skip(to: block)
            }
        }
        return mistakes
    }

    @Test func `a hash has the bytes that another program gives it`() {
        var content = CanonicalBytes()
        content.append("abc")
        // sha256 of eight bytes with the length 3, and "abc".
        #expect(content.bytes == [0, 0, 0, 0, 0, 0, 0, 3, 97, 98, 99])
        #expect(
            BlockHash(of: CanonicalBytes()).description
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
        #expect(BlockHash(bytes: [1, 2]) == nil)
    }

    @Test func `a definition makes a whole beginning, and then only what has changed`() throws {
        let blocks = try Self.chain()
        let names = blocks.prefix(3).map(\.event.name)
        #expect(names == ["Seed", "AddPushSource", "SetDataSchema"])
        #expect(Self.mistakes(blocks).isEmpty)

        let tip = ChainTip(try #require(blocks.last), watermark: nil)
        let known: [KeyEvent.Kind: String] = [
            .seed: "root", .addPushSource: "topic", .setDataSchema: "CloudEvents",
        ]
        #expect(Self.definition.blocks(after: tip, known: known, at: Self.start).isEmpty)
        var changed = Self.definition
        changed.schema = "CloudEvents 2"
        let added = changed.blocks(after: tip, known: known, at: Self.start)
        #expect(added.map(\.event.name) == ["SetDataSchema"])
        #expect(Self.mistakes(blocks + added).isEmpty)
    }

    @Test func `a block is never older than the one before, nor is its watermark`() throws {
        let tip = ChainTip(try #require(try Self.chain().last), watermark: Timestamp(seconds: 2005))
        let block = tip.next(Self.data(1, watermark: 7), of: Self.id, at: Timestamp(seconds: 1))
        #expect(block.time == Self.start + .seconds(5))
        #expect(block.event.watermark == Timestamp(seconds: 2005))
    }

    @Test func `every way in which a chain can be wrong has its error`() throws {
        let sound = try Self.chain()
        #expect(Self.mistakes(Array(sound.dropFirst())) == [.noSeed(found: "AddPushSource")])

        var late = sound[0]
        late.sequence = 1
        #expect(Self.mistakes([Self.rehashed(late)]) == [.gap(expected: 0, found: 1)])

        var twice = sound
        twice[2].event = sound[0].event
        #expect(Self.mistakes(twice) == [.secondSeed(sequence: 2)])

        var gap = sound
        gap.remove(at: 4)
        #expect(Self.mistakes(gap) == [.gap(expected: 4, found: 5)])

        var old = sound
        old[7].time = Self.start - .seconds(1)
        #expect(Self.mistakes(old) == [.timeBackwards(sequence: 7)])

        var watermark = sound
        watermark[7].event = Self.data(5, watermark: 1)
        #expect(Self.mistakes(watermark) == [.watermarkBackwards(sequence: 7)])

        var link = sound
        link[7].previous = sound[2].hash
        #expect(Self.mistakes(link) == [.brokenLink(sequence: 7)])

        var said = sound
        said[7].event = Self.data(6, watermark: 2005)
        #expect(Self.mistakes(said) == [.wrongHash(sequence: 7)])
    }

    @Test func `no value of a block can be changed without its hash`() throws {
        let block = try #require(try Self.chain().last)
        guard case .data(let event) = block.event else { return }
        var changed = Array(repeating: block, count: 6)
        changed[0].sequence += 1
        changed[1].time = block.time + .nanoseconds(1)
        changed[2].previous = nil
        var events = Array(repeating: event, count: 3)
        events[0].records += 1
        events[1].positions = nil
        events[2].watermark = nil
        for (index, event) in events.enumerated() {
            changed[3 + index].event = .data(event)
        }
        let hashes = Set(changed.map { $0.computedHash(in: Self.id) } + [block.hash])
        #expect(hashes.count == 7)
        #expect(block.computedHash(in: DatasetID(.root, "other")) != block.hash)
    }
}
