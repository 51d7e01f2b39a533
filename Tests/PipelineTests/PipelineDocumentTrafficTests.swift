import Pipeline
import Testing

/// Mistakes in traffic and inputs.
@Suite struct PipelineDocumentTrafficTests {
    @Test(arguments: Self.traffic)
    func `a mistake in the traffic is told with its place and remedy`(row: MistakeRow) {
        #expect(complaints(adding: row.text) == row.complaints)
    }

    @Test(arguments: Self.input)
    func `a mistake in an input is told with its place and remedy`(row: MistakeRow) {
        #expect(complaints(adding: row.text) == row.complaints)
    }

    private static let traffic = [
        MistakeRow(
            "an unknown model",
            #"""
              traffic: {model: session}
            """#,
            #"""
            7:20: 'model' is 'session'; did you mean 'sessions'?
            """#
        ),
        MistakeRow(
            "a key of the other model",
            #"""
              traffic: {model: sessions, shares: {purchase: 1}}
            """#,
            #"""
            7:30: unknown key 'shares' in traffic of sessions; expected one of model, users, \#
            products, categories, userExponent, productExponent, currency, prices, landing, \#
            transitions, refundProbability, cartLimit, concurrentSessions
            """#
        ),
        MistakeRow(
            "a fraction of a user",
            #"""
              traffic: {users: 1.5}
            """#,
            #"""
            7:20: 'users' is 1.5; expected a whole number from 0 to 1000000000
            """#
        ),
        MistakeRow(
            "no products",
            #"""
              traffic: {products: 0}
            """#,
            #"""
            7:23: 'products' is 0; expected a whole number from 1 to 10000000
            """#
        ),
        MistakeRow(
            "an exponent below zero",
            #"""
              traffic: {userExponent: -1}
            """#,
            #"""
            7:27: 'userExponent' is -1; expected a number from 0 to 10
            """#
        ),
        MistakeRow(
            "a currency in lower case",
            #"""
              traffic: {currency: usd}
            """#,
            #"""
            7:23: 'currency' is 'usd'; expected a currency of ISO 4217 such as USD
            """#
        ),
        MistakeRow(
            "prices upside down",
            #"""
              traffic: {prices: {from: 5, to: 4.99}}
            """#,
            #"""
            7:21: 'from' is above 'to'; expected it to be at most that
            """#
        ),
        MistakeRow(
            "a price of a tenth of a cent",
            #"""
              traffic: {prices: {from: 0.001, to: 4.99}}
            """#,
            #"""
            7:28: 'from' is 0.001; expected an amount above 0 with at most 2 decimal \#
            digits, below 10995116277
            """#
        ),
        MistakeRow(
            "a price with cents in yen",
            #"""
              traffic: {currency: JPY, prices: {from: 1.5, to: 4}}
            """#,
            #"""
            7:43: 'from' is 1.5; expected an amount above 0 with at most 0 decimal \#
            digits, below 1099511627776
            """#
        ),
        MistakeRow(
            "landing on more than all",
            #"""
              traffic: {landing: {view_item: 0.7, search: 0.4}}
            """#,
            #"""
            7:22: 'landing' sums to 1.1; expected 1
            """#
        ),
        MistakeRow(
            "shares of less than all",
            #"""
              traffic: {model: mix, shares: {view_item: 0.7, purchase: 0.2}}
            """#,
            #"""
            7:33: 'shares' sums to 0.9; expected 1
            """#
        ),
        MistakeRow(
            "a row of more than all",
            #"""
              traffic: {transitions: {view_item: {add_to_cart: 0.6, search: 0.6}}}
            """#,
            #"""
            7:38: the probabilities after 'view_item' sum to 1.2; expected at most 1, the \#
            rest being to leave
            """#
        ),
        MistakeRow(
            "an event that is misspelt",
            #"""
              traffic: {transitions: {view_itm: {add_to_cart: 0.6}}}
            """#,
            #"""
            7:27: 'view_itm' is no event that can stand here; did you mean 'view_item'?
            """#
        ),
        MistakeRow(
            "walking to a refund",
            #"""
              traffic: {landing: {refund: 1}}
            """#,
            #"""
            7:23: 'refund' is no event that can stand here; expected one of view_item_list, \#
            view_item, search, add_to_cart, remove_from_cart, begin_checkout, purchase
            """#
        ),
        MistakeRow(
            "a probability above 1",
            #"""
              traffic: {refundProbability: 1.1}
            """#,
            #"""
            7:32: 'refundProbability' is 1.1; expected a number from 0 to 1
            """#
        ),
        // 24 bytes a session, 32 an order to be refunded, and twice eight lines of 8 bytes: 184.
        MistakeRow(
            "more sessions than there is memory for",
            #"""
              traffic: {concurrentSessions: 10M}
            """#,
            #"""
            7:33: 10000000 sessions at once with carts of 8 need 1754 MiB of memory; expected at \#
            most 1458888 sessions, which need 256 MiB
            """#
        ),
        MistakeRow(
            "larger carts than there is memory for",
            #"""
              traffic: {concurrentSessions: 100k, cartLimit: 1000}
            """#,
            #"""
            7:33: 100000 sessions at once with carts of 1000 need 1531 MiB of memory; expected at \#
            most 16718 sessions, which need 256 MiB
            """#
        ),
        MistakeRow(
            "an empty cart",
            #"""
              traffic: {cartLimit: 0}
            """#,
            #"""
            7:24: 'cartLimit' is 0; expected a whole number from 1 to 1000
            """#
        ),
    ]

    private static let input = [
        MistakeRow(
            "an input of an unknown format",
            #"""
              input: {cvs: {}}
            """#,
            #"""
            7:11: unknown key 'cvs' in the input; did you mean 'csv'?
            """#
        ),
        MistakeRow(
            "columns without a time",
            #"""
              input: {csv: {columns: {eventName: purchase, user: u}}}
            """#,
            #"""
            7:26: a column mapping needs the key 'time'
            """#
        ),
        MistakeRow(
            "rows that are no event",
            #"""
              input: {csv: {columns: {time: t, user: u}}}
            """#,
            #"""
            7:26: nothing says which event a row is; expected 'event' (a column) or \#
            'eventName' (the same for all rows)
            """#
        ),
        MistakeRow(
            "an event from two places",
            #"""
              input: {csv: {columns: {time: t, event: e, eventName: purchase, user: u}}}
            """#,
            #"""
            7:57: 'event' and 'eventName' exclude each other; expected one of them
            """#
        ),
        MistakeRow(
            "a currency from two places",
            #"""
              input: {csv: {columns: {time: t, event: e, currency: c, currencyCode: USD, user: u}}}
            """#,
            #"""
            7:73: 'currency' and 'currencyCode' exclude each other; expected one of them
            """#
        ),
        MistakeRow(
            "an unknown time format",
            #"""
              input: {csv: {columns: {time: t, event: e, timeFormat: rfc3338, user: u}}}
            """#,
            #"""
            7:58: 'timeFormat' is 'rfc3338'; did you mean 'rfc3339'?
            """#
        ),
        MistakeRow(
            "a delimiter of two characters",
            #"""
              input: {csv: {delimiter: "::", columns: {time: t, event: e, user: u}}}
            """#,
            #"""
            7:28: 'delimiter' is '::'; expected one ASCII character in quotes such as "," or "\t"
            """#
        ),
        MistakeRow(
            "an event that is none",
            #"""
              input: {csv: {columns: {time: t, eventName: buy, user: u}}}
            """#,
            #"""
            7:47: 'eventName' is 'buy'; expected one of view_item_list, view_item, search, \#
            add_to_cart, remove_from_cart, begin_checkout, purchase, refund
            """#
        ),
    ]
}
