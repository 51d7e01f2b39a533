/// Sound inputs, which are damaged.
enum HostileLog {
    /// CloudEvents, one a line: views, purchases, a refund, and one that breaks the rules.
    static func events(_ count: Int) -> String {
        (0..<count).map { number in
            let name = ["view_item", "add_to_cart", "purchase", "refund"][number % 4]
            let order = number % 12 == 2 ? "" : #""transaction_id":"o\#(number / 4)","#
            return #"{"specversion":"1.0","id":"e\#(number)","source":"/shop","#
                + #""type":"\#(name)","time":"2026-01-0\#(1 + number % 9)T10:00:"#
                + #"\#(number % 50 + 10).25Z","data":{"#
                + #""user_id":"u\#(number % 7)","session_id":"s\#(number % 9)",\#(order)"#
                + #""value":19.99,"currency":"USD","#
                + #""items":[{"item_id":"p\#(number % 5)","item_category":"c","price":19.99,"#
                + #""quantity":1}]}}"#
        }.joined(separator: "\n") + "\n"
    }
}

extension HostileLog {
    /// Orders of a shop, as a spreadsheet has them.
    static func orders(_ count: Int) -> String {
        "id,at,customer,order,units,total,note\n"
            + (0..<count).map { number in
                "r\(number),2026-01-0\(1 + number % 9)T10:00:\(number % 50 + 10)Z,"
                    + "c\(number % 7),o\(number / 2),\(number % 3 + 1),\(number).50,"
                    + (number % 5 == 0 ? "\"a, \"\"b\"\"\nc\"" : "")
            }.joined(separator: "\n") + "\n"
    }

    /// Lines of orders, returns among them, as another country writes them.
    static func lines(_ count: Int) -> String {
        let lines = (0..<count).map { number in
            let isReturn = number % 6 == 5
            let order = "\(isReturn ? "C" : "")\(700 + number / 3)"
            let pieces = isReturn ? -1 : number % 3
            let date = "\(10 + number % 9)/12/2010 0\(number % 9):26"
            let customer = number % 7 == 0 ? "" : "k\(number % 5)"
            let money = ["EUR", "JPY", "BHD"][number / 9 % 3]
            return "\(order);A\(number % 4);\(pieces);\(date);1.\(200 + number),5\(number % 9);"
                + "\(customer);\(money)"
        }
        return "Invoice;Article;Pieces;Date;Price;Customer;Money\n"
            + lines.joined(separator: "\n") + "\n"
    }

    /// What visitors do, as the log of another shop has it.
    static func visits(_ count: Int) -> String {
        let lines = (0..<count).map { number in
            let name = ["view", "cart", "purchase"][number % 3]
            return "2019-10-01 00:\(10 + number):00 UTC,\(name),\(44_600_062 + number % 4),"
                + "appliances.kitchen,35.7\(number % 9),u\(number % 5),s\(number % 6)"
        }
        return "event_time,event_type,product_id,category,price,user_id,user_session\n"
            + lines.joined(separator: "\n") + "\n"
    }

    /// Purchases as CDNOW wrote them.
    static func discs(_ count: Int) -> String {
        (0..<count).map { number in
            " 000\(10 + number % 20) 199701\(10 + number % 20)  \(number % 4 + 1)   \(number).77"
        }.joined(separator: "\r\n") + "\r\n"
    }

    /// Counters, as Prometheus' tools export them.
    static func exposition(_ minutes: Int) -> String {
        "# TYPE slo_events counter\n"
            + ["good", "bad"].map { result in
                (0..<minutes).map { minute in
                    "slo_events_total{slo=\"message-success\",result=\"\(result)\"} "
                        + "\(result == "good" ? minute * 100 : minute / 7) "
                        + "\(1_780_272_000 + minute * 60)"
                }.joined(separator: "\n")
            }.joined(separator: "\n") + "\n# EOF\n"
    }

    /// A table of slices.
    static func slices(_ minutes: Int) -> String {
        "start,good,total\n"
            + (0..<minutes).map { minute in
                "\(1_780_272_000 + minute * 60),\(90 + minute % 10),100"
            }.joined(separator: "\n") + "\n"
    }

    /// The answer of a Prometheus: two series, one of which was begun anew.
    static func answer(_ minutes: Int) -> String {
        let series = ["a", "b"].map { name in
            let values = (0..<minutes).map { minute in
                let count = name == "b" ? minute % 11 * 5 : minute * 100
                return "[\(1_780_272_000 + minute * 60),\"\(count)\"]"
            }
            return #"{"metric":{"__name__":"x","instance":"\#(name)"},"values":["#
                + values.joined(separator: ",") + "]}"
        }
        return #"{"status":"success","data":{"resultType":"matrix","result":["#
            + series.joined(separator: ",") + "]}}"
    }
}
