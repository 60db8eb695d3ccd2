// Command interop lets Go's own packages judge what Akashi wrote: sumdb/note and sumdb/tlog check a checkpoint and a receipt,
// crypto/hpke makes keys and opens wraps, and whole sealed containers open (sealed.go). Requests are JSON on standard input, one answer is JSON on standard output.
package main

import (
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"interop/sumdb/note"
	"interop/sumdb/tlog"
)

type request struct {
	Do, Vkey, Note, Receipt, Suite, Private, Info, Wrap string
}

func main() {
	var r request
	if err := json.NewDecoder(os.Stdin).Decode(&r); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	answer, err := map[string]func(request) (map[string]string, error){
		"note": checkNote, "receipt": checkReceipt, "key": makeKey, "open": openWrap,
		"sealed": openSealed, "witness": checkWitness,
	}[r.Do](r)
	if err != nil {
		answer = map[string]string{"error": err.Error()}
	}
	json.NewEncoder(os.Stdout).Encode(answer)
}

func open(text, vkey string) (origin string, tree tlog.Tree, err error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", tree, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return "", tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 {
		return "", tree, errors.New("not three lines")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return "", tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return lines[0], tree, err
}

func checkNote(r request) (map[string]string, error) {
	origin, tree, err := open(r.Note, r.Vkey)
	return map[string]string{"origin": origin, "size": fmt.Sprint(tree.N), "root": hex.EncodeToString(tree.Hash[:])}, err
}

func checkReceipt(r request) (map[string]string, error) {
	head, checkpoint, found := strings.Cut(r.Receipt, "\n\n")
	rows := strings.Split(head, "\n")
	if !found || len(rows) < 3 || rows[0] != "c2sp.org/tlog-proof@v1" {
		return nil, errors.New("no receipt")
	}
	_, tree, err := open(checkpoint, r.Vkey)
	if err != nil {
		return nil, err
	}
	leaf, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(rows[1], "extra "))
	if err != nil {
		return nil, err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(rows[2], "index "), 10, 64)
	if err != nil {
		return nil, err
	}
	var proof tlog.RecordProof
	for _, row := range rows[3:] {
		hash, err := tlog.ParseHash(row)
		if err != nil {
			return nil, err
		}
		proof = append(proof, hash)
	}
	return map[string]string{"included": "yes"}, tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(leaf))
}

func kem(suite string) hpke.KEM {
	if suite == "2" {
		return hpke.DHKEM(ecdh.P256())
	}
	return hpke.MLKEM768X25519()
}

func makeKey(r request) (map[string]string, error) {
	key, err := kem(r.Suite).GenerateKey()
	if err != nil {
		return nil, err
	}
	private, err := key.Bytes()
	return map[string]string{
		"private": hex.EncodeToString(private), "public": hex.EncodeToString(key.PublicKey().Bytes()),
	}, err
}

func openWrap(r request) (map[string]string, error) {
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
	plain, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), raw[1], raw[2])
	return map[string]string{"plain": hex.EncodeToString(plain)}, err
}
