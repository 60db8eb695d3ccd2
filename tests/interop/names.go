package main

import (
	"regexp"
	"strings"
)

// refused is the list of docs/spec/sealed-payload.md section 1, in pairs of first and last; surrogates cannot occur in UTF-8.
var refused = []rune{
	0x0000, 0x001F, 0x007F, 0x009F, 0x00AD, 0x00AD, 0x0600, 0x0605, 0x061C, 0x061C, 0x06DD, 0x06DD, 0x070F, 0x070F, 0x0890, 0x0891, 0x08E2, 0x08E2,
	0x180E, 0x180E, 0x200B, 0x200F, 0x2028, 0x202E, 0x2060, 0x206F, 0xD800, 0xF8FF, 0xFDD0, 0xFDEF, 0xFEFF, 0xFEFF, 0xFFF0, 0xFFFB, 0xFFFE, 0xFFFF,
	0x110BD, 0x110BD, 0x110CD, 0x110CD, 0x13430, 0x1343F, 0x1BCA0, 0x1BCA3, 0x1D173, 0x1D17A, 0x1FFFE, 0x1FFFF, 0x2FFFE, 0x2FFFF, 0x3FFFE, 0xE00FF,
	0xE01F0, 0x10FFFF,
}

var device = regexp.MustCompile(`^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])$`)

func nameAllowed(name string) bool {
	if len(name) < 1 || len(name) > 255 || strings.ContainsAny(name, "\"*/:<>?\\|") ||
		name[0] == '.' || strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		return false
	}
	for _, one := range name {
		for at := 0; at < len(refused); at += 2 {
			if refused[at] <= one && one <= refused[at+1] {
				return false
			}
		}
	}
	stem, _, _ := strings.Cut(name, ".")
	lowered := strings.Map(func(one rune) rune {
		if 'A' <= one && one <= 'Z' {
			return one + 'a' - 'A'
		}
		return one
	}, strings.TrimRight(stem, " "))
	return !device.MatchString(lowered)
}

// namesAllowed compares names by Go's folding, which is the simple one: it takes "straße" and "STRASSE" for two names.
func namesAllowed(names []any) bool {
	for at, name := range names {
		text, ok := name.(string)
		if !ok || !nameAllowed(text) {
			return false
		}
		for _, other := range names[:at] {
			if strings.EqualFold(text, other.(string)) {
				return false
			}
		}
	}
	return 1 <= len(names) && len(names) <= 16
}
