// door_signatures - holds the declarations of the door calls to the documented
// ones
//
// Run:   c++ -std=c++20 -fsyntax-only tests/door_signatures.cpp; with
// -Itests/solaris those that the
//        tests bring along for Solaris, without those of door_emulation.hpp
// See:   no error

#if __has_include(<door.h>)
#include <door.h>
#include <stropts.h>
#else
#include "../doors/door_emulation.hpp"
#endif

#include <type_traits>

using Procedure = void(void *, char *, size_t, door_desc_t *, uint_t);
template <class Call, class Documented>
constexpr bool is = std::is_same_v<Call, Documented>;

static_assert(is<uint_t, unsigned int>);
static_assert(is<decltype(door_create), int(Procedure *, void *, uint_t)>);
static_assert(is<decltype(door_call), int(int, door_arg_t *)>);
static_assert(
    is<decltype(door_return), int(char *, size_t, door_desc_t *, uint_t)>);
static_assert(is<decltype(door_info), int(int, door_info_t *)>);
static_assert(is<decltype(door_revoke), int(int)>);
static_assert(is<decltype(fattach), int(int, const char *)>);
static_assert(is<decltype(fdetach), int(const char *)>);

static_assert(is<decltype(door_arg_t::data_ptr), char *> &&
              is<decltype(door_arg_t::data_size), size_t>);
static_assert(is<decltype(door_arg_t::desc_ptr), door_desc_t *> &&
              is<decltype(door_arg_t::desc_num), uint_t>);
static_assert(is<decltype(door_arg_t::rbuf), char *> &&
              is<decltype(door_arg_t::rsize), size_t>);
static_assert(is<decltype(door_info_t::di_target), pid_t>);
static_assert(is<decltype(door_info_t::di_proc), door_ptr_t> &&
              is<decltype(door_info_t::di_data), door_ptr_t>);
static_assert(is<decltype(door_info_t::di_attributes), door_attr_t>);
static_assert(is<decltype(door_info_t::di_uniquifier), unsigned long long>);

int main() {}
