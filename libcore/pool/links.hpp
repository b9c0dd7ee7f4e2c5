// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/intrusive/list.hpp>

namespace airy::pool {

// The place of an element in a list of Boost.Intrusive. The list owns nothing. An element is in at
// most one list by the same member.
using Links =
    boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;

template <class T, Links T::*member>
using List = boost::intrusive::list<T, boost::intrusive::member_hook<T, Links, member>,
                                    boost::intrusive::constant_time_size<false>>;
// A list that knows its size.
template <class T, Links T::*member>
using CountedList = boost::intrusive::list<T, boost::intrusive::member_hook<T, Links, member>,
                                           boost::intrusive::constant_time_size<true>>;

// Takes the first element out of the list; nullptr when the list is empty.
template <class ListOfT>
typename ListOfT::value_type* take_front(ListOfT& list) noexcept {
    if (list.empty()) return nullptr;
    auto& element = list.front();
    list.pop_front();
    return &element;
}

// Takes the last element out of the list; nullptr when the list is empty.
template <class ListOfT>
typename ListOfT::value_type* take_back(ListOfT& list) noexcept {
    if (list.empty()) return nullptr;
    auto& element = list.back();
    list.pop_back();
    return &element;
}

// The element must be in this list.
template <class ListOfT>
void take_out(ListOfT& list, typename ListOfT::value_type& element) noexcept {
    list.erase(list.iterator_to(element));
}

// Calls f(element) for each element; f may take that element out of the list.
template <class ListOfT, class F>
void for_each(ListOfT& list, F f) {
    for (auto at = list.begin(); at != list.end();)
        f(*at++);
}

}  // namespace airy::pool
