// The witness protocol, judged by Go: the request's consistency proof by sumdb/tlog, the cosignature (C2SP tlog-cosignature v1, type 0x04) by crypto/ed25519.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"interop/sumdb/tlog"
)

// checkWitness: Receipt holds an add-checkpoint request, Vkey the log's key, Note the checkpoint cosigned before, Info the witness's vkey, Wrap its answer.
func checkWitness(r request) (map[string]string, error) {
	head, checkpoint, found := strings.Cut(r.Receipt, "\n\n")
	rows := strings.Split(head, "\n")
	_, old, err := open(r.Note, r.Vkey)
	if err != nil {
		return nil, err
	}
	if !found || rows[0] != fmt.Sprintf("old %d", old.N) {
		return nil, errors.New("no request from that size")
	}
	_, tree, err := open(checkpoint, r.Vkey)
	if err != nil {
		return nil, err
	}
	var proof tlog.TreeProof
	for _, row := range rows[1:] {
		hash, err := tlog.ParseHash(row)
		if err != nil {
			return nil, err
		}
		proof = append(proof, hash)
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return nil, err
	}
	seconds, err := cosigned(r.Wrap, r.Info, checkpoint[:strings.Index(checkpoint, "\n\n")+1])
	return map[string]string{"seconds": fmt.Sprint(seconds)}, err
}

func cosigned(line, vkey, body string) (uint64, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return 0, errors.New("no vkey")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return 0, errors.New("no cosigner's key")
	}
	text, plain := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "\u2014 "+parts[0]+" ")
	blob, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || !plain || len(blob) != 4+8+64 {
		return 0, errors.New("no cosignature line")
	}
	hash := sha256.Sum256([]byte(parts[0] + "\n" + string(key)))
	if string(blob[:4]) != string(hash[:4]) || fmt.Sprintf("%x", hash[:4]) != parts[1] {
		return 0, errors.New("another key")
	}
	seconds := binary.BigEndian.Uint64(blob[4:12])
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, body)
	if !ed25519.Verify(key[1:], []byte(message), blob[12:]) {
		return 0, errors.New("signature")
	}
	return seconds, nil
}
