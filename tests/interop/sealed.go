package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"

	"interop/zstd"
)

// A sealed container is opened here with nothing but docs/spec/sealed-payload.md in hand. Of the frame's and the inner stream's refusals only
// those of part names are asked of Go: its decompressor is laxer than the page (it reads several frames), its case folding is the simple one.

const chunkSize = 1 << 20

var errShort, errBroken = errors.New("short"), errors.New("broken")

// item reads one CBOR item: uint64, []byte, string or []any.
func item(data []byte) (value any, rest []byte, err error) {
	if len(data) == 0 {
		return nil, nil, errShort
	}
	major, small := data[0]>>5, data[0]&31
	number := uint64(small)
	data = data[1:]
	if small >= 24 {
		width := 1 << (small - 24)
		if small > 27 {
			return nil, nil, errBroken
		}
		if len(data) < width {
			return nil, nil, errShort
		}
		var wide [8]byte
		copy(wide[8-width:], data[:width])
		number, data = binary.BigEndian.Uint64(wide[:]), data[width:]
		if width == 1 && number < 24 || width > 1 && number>>(4*width) == 0 || number>>63 != 0 {
			return nil, nil, errBroken
		}
	}
	if major == 0 {
		return number, data, nil
	}
	if major != 2 && major != 3 && major != 4 {
		return nil, nil, errBroken
	}
	if number > uint64(len(data)) {
		return nil, nil, errShort
	}
	switch major {
	case 2:
		return data[:number], data[number:], nil
	case 3:
		return string(data[:number]), data[number:], nil
	}
	items := make([]any, number)
	for at := range items {
		if items[at], data, err = item(data); err != nil {
			return nil, nil, err
		}
	}
	return items, data, nil
}

// shaped reports whether value is an array of these types: i, b, t, a.
func shaped(value any, kinds string) ([]any, bool) {
	items, ok := value.([]any)
	if !ok || len(items) != len(kinds) {
		return nil, false
	}
	for at, one := range items {
		kind := byte('a')
		switch one.(type) {
		case uint64:
			kind = 'i'
		case []byte:
			kind = 'b'
		case string:
			kind = 't'
		}
		if kind != kinds[at] {
			return nil, false
		}
	}
	return items, true
}

func openSealed(r request) (map[string]string, error) {
	var raw [3][]byte
	for at, text := range []string{r.Private, r.Info, r.Wrap} {
		var err error
		if raw[at], err = hex.DecodeString(text); err != nil {
			return nil, err
		}
	}
	key, err := kem(r.Suite).NewPrivateKey(raw[0])
	if err != nil {
		return nil, err
	}
	result, word := container(raw[2], key, uint64(r.Suite[0]-'0'), raw[1])
	if word != "" {
		return nil, errors.New(word)
	}
	text, err := json.Marshal(result)
	return map[string]string{"result": string(text)}, err
}

func container(data []byte, key hpke.PrivateKey, suite uint64, ledger []byte) (map[string]any, string) {
	value, body, err := item(data[:min(len(data), 98_624)])
	head, ok := shaped(value, "tiba")
	if err != nil || !ok || head[0] != "akashi-sealed" || head[1] != uint64(1) || len(head[2].([]byte)) != 16 {
		return nil, "malformed/container"
	}
	body = data[min(len(data), 98_624)-len(body):]
	wraps := head[3].([]any)
	if len(wraps) < 1 || len(wraps) > 32 {
		return nil, "malformed/container"
	}
	for _, wrap := range wraps {
		if _, ok := wrap.([]byte); !ok {
			return nil, "malformed/container"
		}
	}
	ours := sha256.Sum256(key.PublicKey().Bytes())
	var chosen, before []any
	together := true
	for _, wrap := range wraps {
		fields, word := wrapFields(wrap.([]byte))
		if word != "" {
			return nil, word
		}
		if before != nil && (!bytes.Equal(before[1].([]byte), fields[1].([]byte)) || before[3] != fields[3] ||
			bytes.Compare(before[2].([]byte), fields[2].([]byte)) >= 0) {
			together = false
		}
		before = fields
		if chosen == nil && bytes.Equal(fields[2].([]byte), ours[:]) {
			chosen = fields
		}
	}
	if !together {
		return nil, "malformed/container.wraps"
	}
	if !bytes.Equal(head[2].([]byte), ledger) {
		return nil, "foreign/container.ledger"
	}
	if chosen == nil {
		return nil, "foreign/container.recipient"
	}
	if chosen[3] != suite {
		return nil, "foreign/wrap.suite"
	}
	payload := chosen[1].([]byte)
	info := append([]byte("akashi/wrap/1\x00\x84\x50"), ledger...)
	info = append(append(append(append(info, 0x50), payload...), 0x58, 32), ours[:]...)
	info = append(info, byte(suite))
	dataKey, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, chosen[4].([]byte))
	if err != nil {
		return nil, "opening/wrap"
	}
	return openBody(body, dataKey, payload, suite)
}

func wrapFields(data []byte) ([]any, string) {
	value, rest, err := item(data)
	fields, ok := shaped(value, "ibbib")
	if len(data) > 3072 || err != nil || !ok || len(rest) != 0 || fields[0] != uint64(1) ||
		len(fields[1].([]byte)) != 16 || len(fields[2].([]byte)) != 32 {
		return nil, "malformed/wrap"
	}
	length, known := map[uint64]int{1: 1120, 2: 65}[fields[3].(uint64)]
	if !known {
		return nil, "suite/wrap"
	}
	if len(fields[4].([]byte)) != length+48 {
		return nil, "malformed/wrap.length"
	}
	return fields, ""
}

func openBody(data, dataKey, payload []byte, suite uint64) (map[string]any, string) {
	value, rest, err := item(data[:min(len(data), 512)])
	if errors.Is(err, errShort) && len(data) < 512 {
		return nil, "truncated/header"
	}
	head, ok := shaped(value, "tiibib")
	if err != nil || !ok || head[0] != "akashi-seal" || head[1] != uint64(1) || len(head[3].([]byte)) != 16 ||
		head[4] != uint64(chunkSize) || len(head[5].([]byte)) != 32 {
		return nil, "malformed/header"
	}
	rest = data[min(len(data), 512)-len(rest):]
	if !bytes.Equal(head[3].([]byte), payload) {
		return nil, "foreign/body.payload"
	}
	if head[2] != suite {
		return nil, "foreign/body.suite"
	}
	derive := func(label string) []byte {
		made, _ := hkdf.Key(sha256.New, dataKey, payload, label+"\x00"+string(rune(suite)), 32)
		return made
	}
	if !bytes.Equal(derive("akashi/seal/commit/1"), head[5].([]byte)) {
		return nil, "key/body.key"
	}
	block, _ := aes.NewCipher(derive("akashi/seal/enc/1"))
	gcm, _ := cipher.NewGCM(block)
	bound := sha256.Sum256(data[:len(data)-len(rest)])
	stream, word := openChunks(rest, gcm, bound[:])
	if word != "" {
		return nil, word
	}
	inner, err := io.ReadAll(zstd.NewReader(bytes.NewReader(stream)))
	if err != nil {
		return nil, "frame"
	}
	result, word := readInner(inner)
	if word == "" {
		digest := sha256.Sum256(data)
		result["body_digest"] = hex.EncodeToString(digest[:])
	}
	return result, word
}

func openChunks(data []byte, gcm cipher.AEAD, bound []byte) (stream []byte, word string) {
	for number, last := 0, byte(0); last == 0; number++ {
		chunk := data[:min(len(data), chunkSize+16)]
		data = data[len(chunk):]
		if len(data) == 0 {
			last = 1
		}
		if len(chunk) < 16 {
			return nil, "truncated/chunk.short"
		}
		try := func(number int, flag byte) ([]byte, bool) {
			nonce := append(binary.BigEndian.AppendUint64(make([]byte, 3), uint64(number)), flag)
			plain, err := gcm.Open(nil, nonce, chunk, append(append(bytes.Clone(bound), nonce[3:11]...), flag))
			return plain, err == nil
		}
		plain, ok := try(number, last)
		if !ok {
			if _, other := try(number, 1-last); other {
				return nil, []string{"extended/chunk.after_last", "truncated/chunk.last"}[last]
			}
			for near := max(0, number-8); near <= number+8; near++ {
				_, plainly := try(near, 0)
				if _, finally := try(near, 1); plainly || finally {
					return nil, "reordered/chunk.order"
				}
			}
			return nil, "altered/chunk"
		}
		if number > 0 && len(plain) == 0 {
			return nil, "malformed/chunk.empty"
		}
		stream = append(stream, plain...)
	}
	return stream, ""
}

func readInner(data []byte) (map[string]any, string) {
	value, rest, err := item(data[:min(len(data), 8192)])
	head, ok := shaped(value, "itba")
	if err != nil || !ok || head[0] != uint64(1) || len(head[2].([]byte)) != 32 {
		return nil, "inner"
	}
	rest = data[min(len(data), 8192)-len(rest):]
	names := head[3].([]any)
	if !namesAllowed(names) {
		return nil, "malformed/inner.parts"
	}
	cut := len(rest) - 8*len(names) - 32
	if cut < 0 {
		return nil, "inner"
	}
	contents, trailer := rest[:cut], rest[cut:]
	digest := sha256.Sum256(contents)
	if !bytes.Equal(trailer[len(trailer)-32:], digest[:]) {
		return nil, "inner"
	}
	parts, left := []map[string]any{}, contents
	for at, name := range names {
		length := binary.BigEndian.Uint64(trailer[8*at:])
		if length > uint64(len(left)) {
			return nil, "inner"
		}
		sum := sha256.Sum256(left[:length])
		parts = append(parts, map[string]any{"name": name, "sha256": hex.EncodeToString(sum[:]), "length": length})
		left = left[length:]
	}
	if len(left) != 0 {
		return nil, "inner"
	}
	salted := sha256.Sum256(append(append([]byte("akashi/commit/1\x00"), head[2].([]byte)...), digest[:]...))
	return map[string]any{"media_type": head[1], "parts": parts, "commitment": hex.EncodeToString(salted[:])}, ""
}
