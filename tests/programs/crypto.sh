# openssl: digests, MACs, ciphers and key derivation over data of several sizes; every cipher back again.
set -u
head -c 300000 /dev/zero | tr '\0' 'q' > big; cat data text >> big; printf '' > none; printf 'abc' > abc
for d in md5 sha1 sha224 sha256 sha384 sha512 sha512-256 sha3-224 sha3-256 sha3-384 sha3-512 shake128 shake256 blake2b512 blake2s256 sm3 ripemd160; do
    openssl dgst -$d -r none abc data big 2>&1 || echo "$d $?"
done
for d in sha1 sha256 sha512 sha3-256; do openssl dgst -$d -hmac key -r big; done
openssl mac -macopt cipher:AES-128-CBC -macopt hexkey:00112233445566778899aabbccddeeff -in data CMAC
openssl mac -macopt cipher:AES-256-GCM -macopt hexkey:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff -macopt hexiv:000102030405060708090a0b -in data GMAC
openssl mac -macopt hexkey:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff -in data Poly1305
openssl mac -macopt hexkey:00112233445566778899aabbccddeeff -in data SipHash
K=00112233445566778899aabbccddeeff; IV=0f0e0d0c0b0a09080706050403020100
for c in aes-128-cbc aes-192-cbc aes-256-cbc aes-128-ctr aes-256-ctr aes-128-ecb aes-192-ecb aes-256-cfb aes-128-cfb8 aes-128-cfb1 aes-256-ofb aria-128-ctr aria-256-cbc camellia-128-cbc camellia-256-ctr chacha20 des-ede3-cbc sm4-cbc sm4-ctr; do
    case $c in *-256-*|chacha20) k=$K$K;; *-192-*|des-ede3*) k=$K${K:0:16};; *) k=$K;; esac
    case $c in *ecb) iv=;; des*) iv="-iv ${IV:0:16}";; *) iv="-iv $IV";; esac
    for f in none abc data big; do
        case $c:$f in *cfb1:big|des*:big|*cfb8:big) continue;; esac
        openssl enc -$c -K $k $iv -in $f -out x && openssl enc -d -$c -K $k $iv -in x -out y && cmp y $f && echo $c $f $(sha256sum < x)
    done
done
for md in sha256 sha512; do echo pass | openssl enc -aes-256-cbc -pbkdf2 -iter 3000 -md $md -S 0011223344556677 -pass stdin -in text | sha256sum; done
openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt key:secret -kdfopt salt:salt -kdfopt info:label HKDF
openssl kdf -keylen 32 -kdfopt pass:pw -kdfopt salt:NaCl -kdfopt n:1024 -kdfopt r:8 -kdfopt p:2 SCRYPT
openssl passwd -6 -salt abc secret; openssl passwd -apr1 -salt abc secret; openssl prime 170141183460469231731687303715884105727; openssl prime -hex FFFFFFFFFFFFFFC5; openssl base64 -in data | sha256sum
openssl asn1parse -genstr 'SEQUENCE:x' 2>/dev/null || printf 'asn1=SEQUENCE:s\n[s]\na=INTEGER:0x1234567890\nb=UTF8:text\nc=OID:1.2.840.113549\nd=BITSTR:abc\n' > a.cnf; openssl asn1parse -genconf a.cnf; openssl ciphers -v 'ECDHE+AESGCM:CHACHA20' | sort
