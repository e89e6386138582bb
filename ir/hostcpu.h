/*
 * CPUID as the C library found it when the process began. The instruction traps in virtual machines (4 microseconds
 * each), so what is already known is not asked again; leaves 1, 7 and 0x80000001 are.
 */
#ifndef MYNA_HOSTCPU_H
#define MYNA_HOSTCPU_H

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>
#if __has_include(<sys/platform/x86.h>) && defined __GLIBC__
#include <sys/platform/x86.h>
#define MYNA_KNOWN_CPUID 1
#endif

/* Leaf 1, 7 (subleaf 0) or 0x80000001 into r: eax, ebx, ecx, edx; eax may be missing (0). False: the host has no such leaf. */
static inline bool host_cpuid(unsigned leaf, unsigned r[4])
{
#ifdef MYNA_KNOWN_CPUID
    unsigned index = leaf == 1 ? CPUID_INDEX_1 : leaf == 7 ? CPUID_INDEX_7 : CPUID_INDEX_80000001;
    const struct cpuid_feature *f = __x86_get_cpuid_feature_leaf(index);
    unsigned any = 0;
    for (unsigned k = 0; k < 4; k++)
        any |= r[k] = f->cpuid_array[k];
    if (any)
        return true;
#endif
    return __get_cpuid_count(leaf, 0, &r[0], &r[1], &r[2], &r[3]);
}

#endif
